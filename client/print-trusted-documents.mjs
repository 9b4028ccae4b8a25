import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as client from '../client/operations.js';

const texts = Object.values(client)
  .filter((value) => value instanceof client.TypedDocumentString)
  .map((operation) => operation.toString());
const documents = texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]);

writeFileSync('schema/trusted-documents.json', `${JSON.stringify(Object.fromEntries(documents), null, 2)}\n`);
