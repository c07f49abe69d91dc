"""Posts a session's questions to a chat: CHAT_URL is the address of one of its incoming webhooks."""

import json
import os
import urllib.request

from receiver import serve


def post(text):
    body = json.dumps({"text": text}).encode()
    request = urllib.request.Request(os.environ["CHAT_URL"], body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()


serve(post)
