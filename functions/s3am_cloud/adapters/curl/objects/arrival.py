"""The bytes of one object as they come from S3, and the file that they become."""

from __future__ import annotations

from s3am_cloud.adapters.curl.objects.bodies import IN_MEMORY
from s3am_cloud.adapters.curl.objects.holding import digest_error
from s3am_cloud.adapters.files.whole_file import WholeFileWriter
from s3am_cloud.checksums.crc64nvme import EMPTY, update
from s3am_cloud.checksums.digests import PARTS_CRC, Digest, Expected, new
from s3am_cloud.errors import ChecksumMismatch, TransferError
from s3am_cloud.ports.objects import WholeFile


class Arrival:
    """Keeps up to IN_MEMORY in memory; what is larger goes into the file as it comes. Ends with `finish` or `drop`."""

    def __init__(self, wanted: WholeFile, stated: Expected | None) -> None:
        """`stated` is what S3 says of the whole."""
        self._wanted, self._stated = wanted, stated
        self.crc, self.size = EMPTY, 0
        held_to = (one for one in (stated, wanted.expected) if one is not None and one.algorithm != PARTS_CRC)
        self._digests: dict[str, Digest] = {one.algorithm: new(one.algorithm) for one in held_to}
        self._data = bytearray()
        self._file: WholeFileWriter | None = None

    def add(self, data: bytes) -> None:
        """Raises what writing does."""
        self.crc = update(self.crc, data)
        self.size += len(data)
        for digest in self._digests.values():
            digest.update(data)
        self._data += data
        if len(self._data) > IN_MEMORY:
            self._flush()

    def error(self) -> TransferError | None:
        """After the last byte: whether they are other ones than S3 has, or than are expected."""
        stated, expected = self._stated, self._wanted.expected
        if stated is not None and self._found(stated) != stated.digest:
            return ChecksumMismatch(
                f"{self._wanted.source} arrived with the {stated.algorithm} {self._found(stated)}, "
                f"where S3 has {stated.digest}"
            )
        return digest_error(expected, self._found(expected), str(self._wanted.source)) if expected else None

    @property
    def shown(self) -> bool:
        """Whether anything was compared."""
        return self._stated is not None or self._wanted.expected is not None

    def finish(self) -> str:
        """Makes the file, and returns its version. Raises LocalFileExists, and what writing does."""
        file = self._flush()
        self._file = None
        return file.commit(self._wanted.overwrite)

    def drop(self) -> None:
        self._data = bytearray()  # an error that is kept may still refer to the one before
        if self._file is not None:
            self._file.drop()
            self._file = None

    def _flush(self) -> WholeFileWriter:
        if self._file is None:
            self._file = WholeFileWriter(self._wanted.path)
        self._file.write(self._data)
        self._data = bytearray()
        return self._file

    def _found(self, expected: Expected) -> str:
        if expected.algorithm == PARTS_CRC:
            return self.crc.to_bytes(8, "big").hex()
        return self._digests[expected.algorithm].hexdigest()
