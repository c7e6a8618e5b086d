"""The world behind the ports: libcurl, S3, local files, and memory."""
