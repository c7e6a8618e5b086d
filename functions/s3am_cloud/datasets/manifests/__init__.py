"""Lists of items as people and programs write them: one reader for each format, detected by content.

checksum_lines  What sha256sum, md5sum and their kin write.
columns         What a column of a table is called, and what its values mean.
detection       Which format a manifest has.
inventories     S3 Inventory, and manifests of S3 Batch Operations.
json_lines      Our own format: one JSON object a line.
lines           The lines of a manifest: decompressed, decoded, bounded, with their numbers.
metalinks       Metalink: files with their mirrors, as XML.
reading         One function for all formats.
tables          CSV and TSV with a header: any, ENA's filereport, GDC's manifest.
transfer_tables Storage Transfer Service's TSV.
url_lists       URLs, one a line; aria2's and rclone's lists.
"""
