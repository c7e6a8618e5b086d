"""Bytes over libcurl: one multi loop per process drives many parts at once.

mover   Moves parts over one loop in this process. Drivers call this.
movers  Makes movers that work in this process.

transport/  One request: handles, addresses, retries, the number of connections.
source/     What a source's server answers, and one range of it.
store/      Signed PUTs to S3, and what S3 answers.
objects/    Whole objects, many at once, each with one PUT or GET.
parts/      One part on its way: from a source to S3, into a file, or copied inside S3.
reading/    A source read in order over several connections.
"""
