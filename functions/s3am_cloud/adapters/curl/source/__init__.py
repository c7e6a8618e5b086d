"""What a source's server answers, and one range of its file.

answers      What a source's answer means: the range, or a named error.
encodings    Files that are stored in the form that their server calls an encoding (.gz).
file_probe   Probes a file on an FTP or SFTP server.
ftp          Sizes, dates and replies of FTP and SFTP servers.
get          One range, continued at the next byte where the connection breaks.
http_probe   Probes a file on an HTTP server.
probe        Probes a source by its scheme.
range_request  The requests for one range, each to where the one before was redirected.
rate_probe   Measures how fast one connection to a source is.
revalidate   Whether a file is still the one that was probed, at the end.
validators   Which version of a file an answer is of.
"""
