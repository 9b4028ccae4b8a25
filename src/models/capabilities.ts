import { APIS } from '../gateway/apis.js';
import type { CacheCapabilities } from '../gateway/caching-api.js';
import type { GatewayModel } from '../gateway/types.js';
import type { ModelList } from '../pricing/model-list.js';

/** What the gateway's list says of a model's cache, else the file of models, else the documents; null if none of them says that it has one. */
export function cacheOf({ id, cacheModes }: GatewayModel, list: ModelList): CacheCapabilities | null {
  const api = APIS[list.apiOf(id)];
  const capabilities = api.capabilitiesOf(id);
  if (cacheModes !== null) return cacheModes.length > 0 ? { ...capabilities, modes: cacheModes } : null;
  return list.hasApi(id) || api.isDocumented(id) ? capabilities : null;
}
