"""Signed PUTs to S3, and what S3 answers.

answers  What S3's answer to a PUT means.
put      One PUT with its CRC64NVME behind the body, so that S3 refuses changed bytes.
routing  Where the GETs and PUTs of a transfer go, and what they carry.
"""
