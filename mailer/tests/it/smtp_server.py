"""A mail server for tests, on aiosmtpd. What it accepts lands in files, read by Python's own parser; other files in its
folder say how it behaves.

  refuse   every recipient is refused for good (550)
  defer    every recipient is refused for now (451)
  grey     a recipient is refused for now (451) the first time
  hang     nobody gets an answer to their recipient
  deaf     mails are accepted, and the answer never comes
"""

import asyncio
import email
import email.policy
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Handler:
    def __init__(self, folder):
        self.folder = folder
        self.seen = set()

    def asked(self, behaviour):
        return (self.folder / behaviour).exists()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.asked("hang"):
            await asyncio.sleep(3600)
        if self.asked("refuse"):
            return f"550 5.1.1 <{address}> is unknown here"
        if self.asked("defer") or (self.asked("grey") and address not in self.seen):
            self.seen.add(address)
            return "451 4.7.1 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    def keep(self, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        text, html = message.get_body(("plain",)), message.get_body(("html",))
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "headers": [[name, str(value)] for name, value in message.items()],
            "type": message.get_content_type(),
            "text": text and text.get_content(),
            "html": html and html.get_content(),
            "encrypted": bool(session.ssl),
            "login": session.auth_data.login.decode() if session.auth_data else None,
        }
        name = f"{len(list(self.folder.glob('*.json'))):06}"
        draft = self.folder / f"{name}.draft"
        draft.write_text(json.dumps(mail))
        draft.rename(self.folder / f"{name}.json")

    async def handle_DATA(self, server, session, envelope):
        self.keep(session, envelope)
        if self.asked("deaf"):
            await asyncio.sleep(3600)
        return "250 OK"


def known(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data == LoginPassword(b"chatlog", b"letters only")
    return AuthResult(success=right, auth_data=data, handled=right)


async def serve(port, folder):
    tls = None
    if (folder / "certificate.pem").exists():
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    handler = Handler(folder)

    def connection():
        wanted = {"tls_context": tls, "require_starttls": True, "authenticator": known, "auth_required": True} if tls else {}
        return SMTP(handler, hostname="mail.test", enable_SMTPUTF8=True, **wanted)

    server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", port)
    print(server.sockets[0].getsockname()[1], flush=True)
    # Ends with whoever started it.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(serve(int(sys.argv[1]), pathlib.Path(sys.argv[2])))
