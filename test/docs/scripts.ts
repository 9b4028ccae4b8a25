import { readFileSync } from 'node:fs';

/** The npm projects of this repository. */
const PROJECTS = ['.', 'examples/web', 'bench'];

export function scriptsOf(project: string): Record<string, string> {
  return JSON.parse(readFileSync(`${project}/package.json`, 'utf8')).scripts ?? {};
}

export function scriptNames(): string[] {
  return PROJECTS.flatMap((project) => Object.keys(scriptsOf(project)));
}
