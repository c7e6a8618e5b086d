"""Whether the bytes are the right ones, and where they came from.

after_commit       Verifies the stored object against what was expected.
before_commit      Verifies a transfer against stated checksums before the object is made.
compute            Computes checksums of a source's content.
provenance         What an object's metadata say of its source.
provenance_lookup  Finds an object's receipt: its metadata, and the report of its job.
prove              Compares parts that nobody has a record of with the source.
stated             Finds the digests that a source states of its content.
"""
