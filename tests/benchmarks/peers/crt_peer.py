"""awscrt's S3 client, which aws-cli uses where it is told to: download | upload FROM TO."""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from awscrt.auth import AwsCredentialsProvider
from awscrt.http import HttpHeaders, HttpRequest
from awscrt.io import ClientBootstrap, ClientTlsContext, DefaultHostResolver, EventLoopGroup, TlsContextOptions
from awscrt.s3 import S3Client, S3RequestTlsMode, S3RequestType, create_default_s3_signing_config

job, source, target = sys.argv[1:]
endpoint = urlsplit(os.environ["AWS_ENDPOINT_URL"])
secure = endpoint.scheme == "https"
group = EventLoopGroup()
bootstrap = ClientBootstrap(group, DefaultHostResolver(group))
credentials = AwsCredentialsProvider.new_static(os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_SECRET_ACCESS_KEY"])
options = TlsContextOptions()
if secure:
    options.override_default_trust_store_from_path(ca_filepath=os.environ["AWS_CA_BUNDLE"])
client = S3Client(
    bootstrap=bootstrap,
    region="us-east-1",
    tls_mode=S3RequestTlsMode.ENABLED if secure else S3RequestTlsMode.DISABLED,
    tls_connection_options=ClientTlsContext(options).new_connection_options() if secure else None,
    signing_config=create_default_s3_signing_config(region="us-east-1", credential_provider=credentials),
    throughput_target_gbps=10,
)
url = source if job == "download" else target
headers = HttpHeaders([("host", endpoint.netloc)])
if job == "upload":
    headers.add("content-length", str(Path(source).stat().st_size))
request = HttpRequest("GET" if job == "download" else "PUT", "/" + url.removeprefix("s3://"), headers)
done = client.make_request(
    type=S3RequestType.GET_OBJECT if job == "download" else S3RequestType.PUT_OBJECT,
    request=request,
    recv_filepath=target if job == "download" else None,
    send_filepath=source if job == "upload" else None,
)
done.finished_future.result()
