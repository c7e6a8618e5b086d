"""`demo`: files from a web and an FTP server arrive in the embedded cloud's S3.

demo           The story.
sample_ftp     An FTP server with one file.
sample_server  A web server that sometimes fails.
"""
