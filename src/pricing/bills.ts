import type { GatewayUsage } from '../gateway/types.js';
import { type Bill, type SpendingKey, startedHours } from '../store/spending.js';
import { partsOf } from './cost.js';
import { type Prices, packPrices } from './prices.js';

/** Whose call it was, and of what. */
export interface Billed {
  caller: string;
  model: string;
  /** Name of the prompt; empty if there is none. */
  prompt: string;
  prices: Prices;
}

/** The bill of a complete or interrupted chat. */
export function chatBill(billed: Billed, usage: GatewayUsage): Bill {
  const { promptTokens: chatPrompt, completionTokens: chatOutput } = usage;
  return { caller: billed.caller, ...keyOf(billed), counts: { ...partsOf(usage), chatPrompt, chatOutput } };
}

/** Of a creation, with the hours that the context is kept for unless it is used. `expiresAt`: null if nobody knows. */
export function creationBill(
  billed: Billed,
  usage: GatewayUsage,
  createdAt: number,
  expiresAt: number | null,
): Bill {
  const hours = expiresAt === null ? 0 : startedHours(createdAt, expiresAt);
  const counts = { ...partsOf(usage), tokenHours: usage.promptTokens * hours };
  return { caller: billed.caller, ...keyOf(billed), counts };
}

/** Prices as text: later changes do not affect the past. */
function keyOf({ model, prompt, prices }: Billed): SpendingKey {
  return { model, prompt, prices: JSON.stringify(packPrices(prices)) };
}
