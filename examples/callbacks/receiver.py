"""What both examples share: a receiver of callbacks that checks their signature and takes each piece of news once."""

import base64
import hmac
import json
import os
import time
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Older news is not taken: somebody may have recorded it.
TOLERANCE_SECONDS = 300
# So many ids are remembered, to pass nothing on twice.
REMEMBERED = 10_000


def is_signed(secret, headers, body, now):
    """Whether a body was signed with this secret, after Standard Webhooks, and not long ago."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    moment = headers.get("webhook-timestamp", "")
    if not moment.isdigit() or abs(now - int(moment)) > TOLERANCE_SECONDS:
        return False
    signed = f"{headers.get('webhook-id', '')}.{moment}.".encode() + body
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
    given = headers.get("webhook-signature", "").split(" ")
    return any(hmac.compare_digest(expected, one) for one in given)


def question(news):
    """What to tell people of a question, in words."""
    request = news["data"]["request"]
    lines = [request.get("message") or request.get("title") or "A task has a question."]
    link = news["data"].get("share", {}).get("url")
    if link:
        lines.append(f"Answer here: {link}")
    return "\n".join(lines)


def serve(pass_on):
    """Takes callbacks at PORT, and passes the news of questions on. What cannot be passed on is sent again later."""
    secret, port = os.environ["CALLBACK_SECRET"], int(os.environ.get("PORT", "8090"))
    taken = OrderedDict()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("content-length", "0")))
            if not is_signed(secret, self.headers, body, time.time()):
                return self.answer(401)
            news, news_id = json.loads(body), self.headers["webhook-id"]
            if news["type"] == "request" and news_id not in taken:
                try:
                    pass_on(question(news))
                except OSError as error:
                    self.log_error("could not be passed on: %s", error)
                    return self.answer(503)
                taken[news_id] = None
                if len(taken) > REMEMBERED:
                    taken.popitem(last=False)
            self.answer(204)

        def answer(self, status):
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

    server = ThreadingHTTPServer(("127.0.0.1", port), Receiver)
    print(f"takes callbacks at http://127.0.0.1:{server.server_address[1]}/", flush=True)
    server.serve_forever()
