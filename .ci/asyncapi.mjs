// Checks the description of the WebSockets with the official parser: node .ci/asyncapi.mjs FOLDER_OF_THE_PARSER FILE
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';

const [folder, file] = process.argv.slice(2);
const require = createRequire(resolve(folder, 'package.json'));
const { Parser } = require('@asyncapi/parser');

const text = readFileSync(file, 'utf8');
const { document, diagnostics } = await new Parser().parse(text);
// Advice, such as to name a licence, is no fault.
const faults = diagnostics.filter(({ severity }) => severity <= 1);
for (const { path, message } of faults) console.error(`${path.join('.')}: ${message}`);
if (!document || faults.length > 0) process.exit(1);
console.log(`${document.channels().length} channels, ${document.operations().length} operations, ${document.allMessages().length} messages`);
