import { readdirSync, readFileSync } from 'node:fs';
import { packageFile } from '../config/package-files.js';

/** An operation of `schema/operations`: the tests run it, and the playground opens a tab for it. */
export interface ExampleOperation {
  /** The file's name without its extension. */
  name: string;
  query: string;
  /** JSON, from the file of the same name. */
  variables: string;
}

const FOLDER = packageFile('schema/operations/');

/** Sorted by file name. */
export function readExampleOperations(): ExampleOperation[] {
  const files = readdirSync(FOLDER).sort(new Intl.Collator('en', { numeric: true }).compare);
  return files
    .filter((file) => file.endsWith('.graphql'))
    .map((file) => {
      const name = file.slice(0, -'.graphql'.length);
      const variables = files.includes(`${name}.json`) ? read(`${name}.json`) : '{}';
      return { name, query: read(file), variables };
    });
}

function read(file: string): string {
  return readFileSync(new URL(file, FOLDER), 'utf8').trimEnd();
}
