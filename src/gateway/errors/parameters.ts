/** Maps a parameter that the gateway names to the field of our input. */

import type { GatewayOperation } from '../types.js';

type Path = (string | number)[];
/** Our name of each parameter; in a pair, also the names inside it. */
type Names = { readonly [parameter: string]: string | readonly [name: string, inside: Names] };

const MESSAGE: Names = { role: 'role', content: 'content' };
const TRUNCATION: Names = {
  type: 'type',
  last_history_tokens: 'lastHistoryTokens',
  rolling_tokens: 'rollingTokens',
  max_window_tokens: 'maxWindowTokens',
  rolling_window_tokens: 'rollingWindowTokens',
};
const CREATE: Names = {
  model: 'model',
  messages: ['messages', MESSAGE],
  mode: 'mode',
  ttl: 'ttl',
  expire_at: 'ttl',
  truncation_strategy: ['truncationStrategy', TRUNCATION],
};
const CHAT: Names = {
  context_id: 'contextId',
  previous_response_id: 'contextId',
  model: 'model',
  messages: ['messages', MESSAGE],
  temperature: 'temperature',
  top_p: 'topP',
  n: 'n',
  max_tokens: 'maxTokens',
  max_output_tokens: 'maxTokens',
  stop: 'stop',
  presence_penalty: 'presencePenalty',
  frequency_penalty: 'frequencyPenalty',
  logit_bias: 'logitBias',
};
const NAMES: { [operation in GatewayOperation]: Names } = {
  createContext: CREATE,
  chat: CHAT,
  deleteContext: {},
  models: {},
};

/** `messages[0].content`, `messages.0.content` or `body.messages.0.content`; null if we have no such field. */
export function inputPath(param: string, operation: GatewayOperation): Path | null {
  const steps = param.split(/[[\].$/]+/).filter((step) => step !== '');
  // The Responses API calls the messages `input`.
  if (steps[0] === 'input' && (steps.length === 1 || /^\d/.test(steps[1] ?? ''))) steps[0] = 'messages';
  if (steps[0] === 'body' || steps[0] === 'input') steps.shift();
  const path: Path = ['input'];
  let names: Names = NAMES[operation];
  for (const step of steps) {
    if (/^\d{1,4}$/.test(step) && names === MESSAGE) path.push(Number(step));
    else if (Object.hasOwn(names, step)) {
      const named = names[step];
      if (typeof named !== 'object') {
        if (named !== undefined) path.push(named);
        break;
      }
      path.push(named[0]);
      names = named[1];
    } else break;
  }
  return path.length > 1 ? path : null;
}
