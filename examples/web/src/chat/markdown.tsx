import { type ComponentProps, memo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { useLanguage } from '../words/language';
import { CopyButton } from './copy-button';

/**
 * A model's text. It is untrusted: HTML in it stays text, URLs that run scripts are removed, and images are links, because loading one
 * would tell its host what the text says.
 */
export const Markdown = memo(function Markdown({ text }: { text: string }) {
  return (
    <div className="markdown">
      <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
        {text}
      </ReactMarkdown>
    </div>
  );
});

const PLUGINS = [remarkGfm];
const COMPONENTS: Components = {
  a: ({ href, children }) => <OutLink href={href}>{children}</OutLink>,
  img: ({ src, alt }) => <OutLink href={typeof src === 'string' ? src : undefined}>{alt || src}</OutLink>,
  pre: CodeBlock,
  // Wide tables scroll by themselves.
  table: ({ children }) => (
    <div className="scroller">
      <table>{children}</table>
    </div>
  ),
};

function OutLink({ href, children }: ComponentProps<'a'>) {
  if (!href) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

interface HastNode {
  value?: string;
  children?: HastNode[];
}

function CodeBlock({ node, children }: ComponentProps<'pre'> & { node?: unknown }) {
  const { words } = useLanguage();
  return (
    <div className="code">
      <CopyButton label={words.copyCode} text={() => textOf(node as HastNode).replace(/\n$/, '')} />
      <pre>{children}</pre>
    </div>
  );
}

function textOf({ value = '', children = [] }: HastNode): string {
  return value + children.map(textOf).join('');
}
