/** In every prompt, key and token: must not be in what the server writes. */
export const CANARY = 'canary-soak';

/**
 * What a message says of the request it belongs to, for the gateway's ledger. `once`: must not be processed twice; `shared`: asks for
 * the one context of all who send the same; `any`: may be sent again where its answer was lost.
 */
export function marker(caller, kind, id) {
  return `${CANARY} ${caller} ${kind} ${id}`;
}

export function readMarker(messages) {
  const [, caller, kind] = messages.at(-1).content.split(' ');
  return { text: messages.at(-1).content, caller, kind };
}
