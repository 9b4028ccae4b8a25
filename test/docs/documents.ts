import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import GithubSlugger from 'github-slugger';
import { marked, type Token } from 'marked';

export interface Block {
  language: string;
  text: string;
}

export interface Heading {
  depth: number;
  /** What it says, without its markup. */
  text: string;
  /** What links name it by, as GitHub makes it. */
  anchor: string;
}

/** A table's cells as they are written, the heads first. */
export type Table = string[][];

export interface Document {
  path: string;
  headings: Heading[];
  blocks: Block[];
  tables: Table[];
  /** Where links and images lead, those in HTML too. */
  links: string[];
  /** Code within the text. */
  codes: string[];
}

/** Every Markdown file that is ours, those not committed yet too. */
export function documentPaths(): string[] {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '--deduplicate', '*.md'];
  return execFileSync('git', args, { encoding: 'utf8' }).trim().split('\n');
}

export function readDocument(path: string): Document {
  const slugger = new GithubSlugger();
  const document: Document = {
    path,
    headings: [],
    blocks: [],
    tables: [],
    links: [],
    codes: [],
  };
  const { headings, blocks, tables, links, codes } = document;
  marked.walkTokens(marked.lexer(readFileSync(path, 'utf8')), (token) => {
    if (token.type === 'heading') {
      const text = plain(token.tokens ?? []);
      headings.push({ depth: token.depth, text, anchor: slugger.slug(text) });
    } else if (token.type === 'code') {
      blocks.push({ language: token.lang ?? '', text: token.text });
    } else if (token.type === 'table') {
      const rows = [token.header, ...token.rows] as { text: string }[][];
      tables.push(rows.map((row) => row.map(({ text }) => text)));
    } else if (token.type === 'link' || token.type === 'image') links.push(token.href);
    else if (token.type === 'html') links.push(...linksOfHtml(token.text));
    else if (token.type === 'codespan') codes.push(token.text);
  });
  return document;
}

function plain(tokens: Token[]): string {
  return tokens
    .map((token) =>
      'tokens' in token && token.tokens ? plain(token.tokens) : (token as { text: string }).text,
    )
    .join('');
}

function linksOfHtml(html: string): string[] {
  return [...html.matchAll(/\b(?:href|src|srcset)="([^"]+)"/g)].map(([, link]) => link ?? '');
}
