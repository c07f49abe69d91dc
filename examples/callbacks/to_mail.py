"""Mails a session's questions: SMTP is the mail server, such as localhost:25, MAIL_FROM and MAIL_TO who writes to whom."""

import os
import smtplib
from email.message import EmailMessage

from receiver import serve


def mail(text):
    message = EmailMessage()
    message["Subject"], message["From"] = text.splitlines()[0][:120], os.environ["MAIL_FROM"]
    message["To"] = os.environ["MAIL_TO"]
    message.set_content(text)
    host, _, port = os.environ.get("SMTP", "localhost:25").partition(":")
    with smtplib.SMTP(host, int(port or 25), timeout=10) as server:
        server.send_message(message)


serve(mail)
