"""One request over libcurl: its handle, its address, when it is tried again, how many run at once.

addresses    Which addresses belong to the public internet.
admission    Waits and uses fewer connections when a server refuses more; `source/get` recognizes the refusal.
concurrency  How many connections this process has, and their automatic number.
context      What every request of one run is made with: loop, clock, settings.
easy         The options that every request has.
guard        Which addresses, redirects and SSH servers a request may reach.
host_gates   Requests wait for their server's turn: by a user's limits, or as the server says.
hosts        Which hosts a stack allows sources to be at.
known_hosts  SSH host keys as the file that libcurl reads.
loop         The multi handle with its timers: the only place that waits.
perform      One request by itself.
pipes        What the two ends of a part say to each other.
rate_watch   Gives up a request whose answer is late or too slow.
redirects    Redirects, each judged before it is followed.
retry        When to try again, and when to give up.
source_login The login that requests for one source carry.
ssh_greeting  A limit on how long an SSH server takes until its key.
throttle     Holds back connections, so that all together keep to a rate limit.
"""
