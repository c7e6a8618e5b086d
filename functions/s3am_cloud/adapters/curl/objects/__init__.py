"""Whole objects, many at once, each with one PUT or GET.

arrival  The bytes of one object as they come from S3, and the file that they become.
bodies   The bytes of one object: a local file's, or those that a server has sent.
copy     One object that S3 copies from another one.
fetch    One small file from a web server, whole.
holding  Whether bytes have the digest that they are held to, and the headers by which S3 compares or states it too.
looks    Looks at many objects over one loop.
mover    Many objects over one loop, into S3.
repeats  Answers that a server sends twice, of which the second comes as that to the next request.
save     One object from S3, by one GET.
saver    Many objects over one loop, into files.
turns    How many objects are moved over one loop.
"""
