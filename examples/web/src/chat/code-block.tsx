import { isValidElement, type ReactNode } from 'react';
import { CopyButton } from '../copy-button';
import { useLanguage } from '../words/language';

/** Code with its language and a copy button; also while it is still coming. */
export function CodeBlock({ children }: { children?: ReactNode }) {
  const { words } = useLanguage();
  const { className = '', children: code } = isValidElement<CodeProps>(children) ? children.props : {};
  const text = String(code ?? '').replace(/\n$/, '');
  const [, language = ''] = /language-(\S+)/.exec(className) ?? [];
  return (
    <div className="code">
      <div className="code-head">
        <span>{language}</span>
        <CopyButton text={text} name={words.copyCode} />
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <pre tabIndex={0}>
        <code>{text}</code>
      </pre>
    </div>
  );
}

interface CodeProps {
  className?: string;
  children?: ReactNode;
}
