"""Amazon S3, and whatever speaks its protocol, over boto3.

access            Which S3, with whose credentials, and where each bucket answers.
answers           boto3's errors under our names.
attributes        Metadata, tags and headers of an object, for boto3 and for S3's headers.
authorities       Whose TLS certificates are trusted.
bounded           Bounds every answer in bytes and seconds.
bucket_owners     The accounts that buckets have to be of.
codes             What S3's error codes and statuses mean.
connections       Which connection a call uses, so that it can be ended.
completion        CompleteMultipartUpload: its parts, and its refusals.
configuration     What is wrong with the user's AWS configuration or credentials.
denials           Control calls that are denied, and which right is missing.
documents         Small documents in the work bucket.
encryption        What S3 refuses of an encryption.
endpoints         Where botocore itself sends a client's requests.
features          What a store supports of S3, remembered for the rest of the run.
fewer             Repeats a call without the features that a store refuses.
head              HEAD of an object, and why it is refused.
pages             Listings that end, whatever the store says.
refusals          What the body of a refusal says.
session           A botocore session that starts quickly.
sigv4             AWS Signature Version 4.
signer            Signs the requests that libcurl sends.
source            Objects in S3 as sources.
store             Control calls: uploads, parts, completion, listings.
stored_checksums  What S3 says of an object's checksum.
trees             Prefixes as trees, and what is already below a destination.
written           An object that is written piece by piece.
"""
