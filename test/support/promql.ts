import { parser } from '@prometheus-io/lezer-promql';

/** One series that an expression asks for. */
export interface Selector {
  metric: string;
  /** What each label must be; undefined: a pattern, or what it must not be. */
  labels: Record<string, string | undefined>;
}

export interface Query {
  selectors: Selector[];
  /** Labels that it sums over. */
  grouping: string[];
}

/** What a PromQL expression names; throws where it is none. */
export function readPromQL(expression: string): Query {
  const query: Query = { selectors: [], grouping: [] };
  const problems: string[] = [];
  let isGrouping = false;
  let label = '';
  let isExact = false;
  const textAt = ({ from, to }: { from: number; to: number }) => expression.slice(from, to);
  parser.parse(expression).iterate({
    enter(node) {
      const text = textAt(node);
      const { type } = node;
      if (type.isError) problems.push(`at ${node.from}: ${text}`);
      else if (type.name === 'GroupingLabels') isGrouping = true;
      else if (type.name === 'LabelMatchers') isGrouping = false;
      else if (type.name === 'Identifier') query.selectors.push({ metric: text, labels: {} });
      else if (type.name === 'LabelName' && isGrouping) query.grouping.push(text);
      else if (type.name === 'LabelName') label = text;
      else if (type.name === 'MatchOp') isExact = text === '=';
      else if (type.name === 'StringLiteral') {
        const selector = query.selectors.at(-1);
        if (selector) selector.labels[label] = isExact ? text.slice(1, -1) : undefined;
      }
    },
    leave({ type }) {
      if (type.name === 'GroupingLabels') isGrouping = false;
    },
  });
  if (problems.length > 0 || query.selectors.length === 0) {
    throw new Error(`not PromQL: ${expression}\n${problems.join('\n')}`);
  }
  return query;
}
