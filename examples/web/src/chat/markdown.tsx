import { type ComponentProps, memo, type ReactNode, useDeferredValue } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { useLanguage } from '../words/language';
import { CodeBlock } from './code-block';

const PLUGINS = [remarkGfm];

/** A model's text: formatted, but nothing in it runs, loads, or looks like a part of the page. */
export function Markdown({ text }: { text: string }) {
  // Long answers take a while to format; the field for the next question does not wait for that.
  return <Formatted text={useDeferredValue(text)} />;
}

const Formatted = memo(({ text }: { text: string }) => (
  <div className="markdown">
    <ReactMarkdown remarkPlugins={PLUGINS} components={COMPONENTS}>
      {text}
    </ReactMarkdown>
  </div>
));

/** Only to other sites: what is relative would be a page of this server. */
function SafeLink({ href, children }: { href?: string | undefined; children?: ReactNode }) {
  if (!href || !/^(?:https?:|mailto:)/i.test(href)) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer">
      {children}
    </a>
  );
}

/** Not loaded: the address of an image could carry what was said to another server. */
function ImageLink({ src, alt }: ComponentProps<'img'>) {
  const { words } = useLanguage();
  return (
    <SafeLink href={typeof src === 'string' ? src : undefined}>{words.image(alt || src || '')}</SafeLink>
  );
}

function Table({ children }: ComponentProps<'table'>) {
  const { words } = useLanguage();
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
    // biome-ignore lint/a11y/useSemanticElements: a table is no part of a form.
    <div className="scrolls" role="group" aria-label={words.table} tabIndex={0}>
      <table>{children}</table>
    </div>
  );
}

/** Answers begin at any level, but the levels of a page may not be skipped. */
const Heading = ({ children }: { children?: ReactNode }) => <h3>{children}</h3>;

const COMPONENTS: Components = {
  a: ({ href, children }) => <SafeLink href={href}>{children}</SafeLink>,
  img: ({ src, alt }) => <ImageLink src={src} alt={alt} />,
  pre: ({ children }) => <CodeBlock>{children}</CodeBlock>,
  table: ({ children }) => <Table>{children}</Table>,
  // A class instead of an inline style aligns a column.
  th: ({ style, children }) => <th className={style?.textAlign}>{children}</th>,
  td: ({ style, children }) => <td className={style?.textAlign}>{children}</td>,
  input: ({ checked }) => (checked ? '☑' : '☐'),
  h1: Heading,
  h2: Heading,
  h3: Heading,
  h4: Heading,
  h5: Heading,
  h6: Heading,
  // Ids of footnotes would be the same in two answers.
  section: ({ children }) => <div>{children}</div>,
  li: ({ className, children }) => <li className={className}>{children}</li>,
  sup: ({ children }) => <sup>{children}</sup>,
};
