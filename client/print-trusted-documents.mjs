/** Writes the texts of the client's operations by their SHA-256, for `TRUSTED_DOCUMENTS`. */
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import * as operations from './dist/operations.js';

const texts = Object.values(operations)
  .filter((value) => value instanceof operations.TypedDocumentString)
  .map((operation) => operation.toString());
const documents = texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]);

writeFileSync('schema/trusted-documents.json', `${JSON.stringify(Object.fromEntries(documents), null, 2)}\n`);
