"""Whole objects, many at once, each with one PUT.

fetch    One small file from a web server, whole.
holding  Whether bytes have the digest that they are held to, and the headers by which S3 compares it too.
mover    Many objects over one loop.
bodies   The bytes of one object: a local file's, or those that a server has sent.
"""
