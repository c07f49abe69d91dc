/** Programs that ask a person and wait for the answer, to be copied into a terminal. */

export interface Snippet {
  id: string;
  title: string;
  /** What it is run with. */
  needs: string;
  code: string;
}

const ASK = "Deploy to production?";

/** The variable that has the API key, where one has to be shown. */
const KEY = "CALLBOARD_KEY";

/**
 * They start the task kind `approval`, which every server has, and follow its session to the end. Where callers have to
 * show who they are, they show the API key that is in the environment.
 */
export function snippets(origin: string, showsKey: boolean): readonly Snippet[] {
  const curl = showsKey ? `curl -H "Authorization: Bearer $${KEY}"` : "curl";
  const python = showsKey ? `, "Authorization": "Bearer " + os.environ["${KEY}"]` : "";
  const node = showsKey ? `, Authorization: \`Bearer \${process.env.${KEY}}\`` : "";
  const needs = showsKey ? ` Put an API key into ${KEY} first.` : "";
  return [
    {
      id: "shell",
      title: "Shell",
      needs: `Needs curl.${needs}`,
      code: `id=$(${curl} -s ${origin}/start-task -H 'Content-Type: application/json' \\
  -d '{"task": "approval", "config": {"message": "${ASK}"}}' | grep -oE '[0-9a-f-]{36}' | head -1)
${curl} -sN -H 'Accept: text/event-stream' ${origin}/sessions/$id/events | grep -o '"approved":[a-z]*'`,
    },
    {
      id: "python",
      title: "Python",
      needs: `Needs Python 3, and nothing to install.${needs}`,
      code: `import json, ${showsKey ? "os, " : ""}urllib.request

def call(path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request("${origin}" + path, data, {"Content-Type": "application/json"${python}, **headers})
    return urllib.request.urlopen(request)

session = json.load(call("/start-task", {"task": "approval", "config": {"message": "${ASK}"}}))
for line in call(f"/sessions/{session['session_id']}/events", Accept="text/event-stream"):
    if line.startswith(b"data:") and json.loads(line[5:])["type"] == "task_completed":
        print("approved:", json.loads(line[5:])["values"]["approved"])`,
    },
    {
      id: "node",
      title: "Node",
      needs: `Needs Node 18 or later. Save it as ask.mjs.${needs}`,
      code: `const url = "${origin}";
const body = JSON.stringify({ task: "approval", config: { message: "${ASK}" } });
const started = await fetch(url + "/start-task", { method: "POST", headers: { "Content-Type": "application/json"${node} }, body });
const { session_id } = await started.json();

const events = await fetch(\`\${url}/sessions/\${session_id}/events\`, { headers: { Accept: "text/event-stream"${node} } });
for (const line of (await events.text()).split("\\n").filter((line) => line.startsWith("data:"))) {
  const event = JSON.parse(line.slice(5));
  if (event.type === "task_completed") console.log("approved:", event.values.approved);
}`,
    },
  ];
}
