"""The stack of s3am-cloud: what it consists of, how its Lambda asset is built, how it is synthesized.

`names`, `asset` and `node` work without the CDK; `app` and `synth` load it when they are called,
because it starts a Node.js process and takes seconds.
"""
