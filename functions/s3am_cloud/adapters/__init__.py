"""The world behind the ports: libcurl, S3, local files, job records, and all of it in memory.

clock    The real clock and the real random numbers.
machine  Whether this machine is in AWS.
proxies  Which proxy a request goes through, for libcurl and botocore alike.
sources  Every kind of source behind one port.

curl/     Bytes over libcurl.
s3/       Control calls to S3 over boto3.
files/    Local files as sources and destinations.
records/  Job records, executions, secrets and locks at AWS, or in a folder.
memory/   The same contracts in memory, for tests and dry runs.
"""
