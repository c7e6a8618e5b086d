"""`diagnose`: what an account, a stack, buckets and sources lack for transfers. Nothing is written unless asked for.

aws_calls    Single calls to AWS over botocore.
buckets      What a bucket is like, and what this user may do with it.
credentials  Who the user is at AWS, and whether the clock is right.
encryption   The bucket's default encryption, and its KMS key.
findings     What a check found, and how all of it is summed up.
hosts        Whether a host has public addresses.
policies     What a bucket's policy demands of uploads.
ports        What the checks ask of the world.
progress     Says what is being checked when that takes long.
quotas       The account's Lambda quota.
reach        What the stack's functions may use.
region       Which region is used, and why.
run          All checks, in their order.
sources      Whether a source can be reached, and how it can be read.
stack        Whether the stack is there, and is this version's.
write_test   Whether an upload would be accepted: one is begun and discarded.
"""
