#!/bin/sh
# The smallest script with a question in it: plain lines are shown as they are, a line of JSON asks.

# The first line that comes in says what to work on. This script needs nothing of it.
read -r _start || exit 1

echo "Hello. I am a shell script."
echo '{"type":"request_confirmation","message":"Shall I greet everybody on the board?"}'

# It waits here, for a minute or a month, until somebody answers.
read -r answer || exit 1

case $answer in
*'"value":true'* | *'"value": true'*)
    echo "Good day to everybody!"
    echo '{"type":"task_completed","values":{"greeted":true}}'
    ;;
*'"type":"cancel"'* | *'"type": "cancel"'*)
    exit 1
    ;;
*)
    echo "Then I keep quiet."
    echo '{"type":"task_completed","values":{"greeted":false}}'
    ;;
esac
