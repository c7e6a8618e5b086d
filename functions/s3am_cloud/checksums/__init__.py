"""Checksums and digests: computed, combined, and as sources publish them.

crc64nvme     CRC64NVME, over bytes as they arrive and combined from parts.
digest_files  Files of digests as tools and people write them.
digests       Checksums by name: those of hashlib, and S3's CRCs.
expectations  What a transfer is held to by its user and its source.
published     Digests that a source states in headers and in files beside it.
"""
