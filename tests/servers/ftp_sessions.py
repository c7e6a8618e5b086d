"""What the FTP test server does in a session: pyftpdlib's handlers, which keep its rules and take notes."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler

from servers.certificates import Certificate
from servers.ftp import HOME, PASSWORD, USER, FtpServer, Session

if TYPE_CHECKING:

    class _Handler:
        """What is used of pyftpdlib's handlers, which are not typed."""

        cmd_channel: Any
        fs: Any
        ssl_context: Any
        tot_bytes_sent: int

        def send(self, data: bytes) -> int: ...
        def handle(self) -> None: ...
        def handle_close(self) -> None: ...
        def close(self) -> None: ...
        def close_when_done(self) -> None: ...
        def secure_connection(self, context: Any) -> None: ...
        def respond(self, resp: str, *args: object, **kwargs: object) -> None: ...
        def pre_process_command(self, line: str, cmd: str, arg: str) -> None: ...

else:
    _Handler = object


class _Data(_Handler):
    """A data connection that can be cut."""

    def use_sendfile(self) -> bool:
        """Every byte goes through `send`."""
        return False

    def send(self, data: bytes) -> int:
        """Send some of the data, or cut the connection where the rules say so."""
        drop = self.cmd_channel.notes.rules.drop
        if drop is not None and drop.times > 0:
            data = data[: max(0, drop.after - self.tot_bytes_sent)]
            if not data:
                drop.times -= 1
                return self._cut(drop.control)
        count = int(super().send(data))
        self.cmd_channel.notes.sent(self.cmd_channel.session, count)
        return count

    def _cut(self, control: bool) -> int:
        channel = self.cmd_channel
        if control:
            channel.close()
        else:
            self.handle_close()
        return 0


class _Control(_Handler):
    """A control connection that keeps the server's rules."""

    notes: FtpServer
    auth_failed_timeout = 0

    def handle(self) -> None:
        """Greet, or refuse who is one too many."""
        self.session = Session()
        self.notes.begin(self.session)
        self.greet()

    def greet(self) -> None:
        """Say the first words."""
        if self.notes.lets_in(self.session, "connect"):
            super().handle()
        else:
            self._refuse()

    def close(self) -> None:
        """End the session."""
        if hasattr(self, "session"):
            self.notes.end(self.session)
        super().close()

    def respond(self, resp: str, *args: object, **kwargs: object) -> None:
        """Answer, and note it."""
        resp = self.notes.rules.words_of.get(resp[:3], resp)
        self.session.replies.append(resp)
        super().respond(resp, *args, **kwargs)

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Note a command, and answer it unless a rule does."""
        self.session.commands.append(line if cmd != "PASS" else cmd)
        rules = self.notes.rules
        if cmd in rules.unknown:
            self.respond(f"502 {cmd} is not implemented.")
        elif cmd in rules.answers:
            self.respond(rules.answers[cmd])
        elif cmd == "PASS" and not self.notes.lets_in(self.session, "login"):
            self._refuse()
        elif cmd in {"SIZE", "MDTM", "RETR"} and arg in rules.denied:
            self.respond("550 Permission denied.")
        else:
            super().pre_process_command(line, cmd, arg)

    def on_login(self, username: str) -> None:
        """A session begins at home, not at the root."""
        self.fs.cwd = f"/{HOME}"

    def log_exception(self, instance: object) -> None:
        """Keep what a handler raised, so that the server can show it at its end."""
        error = sys.exc_info()[1]
        if isinstance(error, Exception):
            self.notes.errors.append(error)

    def _refuse(self) -> None:
        self.respond(self.notes.rules.refusal)
        self.close_when_done()


class _SecureControl(_Control):
    """TLS from the first byte on, as `ftps` has it."""

    def greet(self) -> None:
        """Only after the handshake."""
        self.secure_connection(self.ssl_context)

    def handle_ssl_established(self) -> None:
        """The first words."""
        super().greet()


def handler_class(notes: FtpServer, folder: Path, certificate: Certificate | None, explicit: bool = False) -> type:
    """A handler for one server: pyftpdlib keeps a server's settings in the attributes of a class of handlers."""
    authorizer = DummyAuthorizer()
    authorizer.add_user(USER, PASSWORD, str(folder), perm="elr")
    control = _SecureControl if certificate and not explicit else _Control
    bases = (control, TLS_FTPHandler if certificate else FTPHandler)
    data = type("Data", (_Data, TLS_DTPHandler if certificate else DTPHandler), {})
    settings = {"notes": notes, "authorizer": authorizer, "dtp_handler": data}
    if certificate:
        settings |= {"certfile": str(certificate.file), "keyfile": str(certificate.key_file)}
        settings |= {"tls_control_required": True, "tls_data_required": True}
    return type("Control", bases, settings)
