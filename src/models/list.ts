import { supportsContextCache } from '../gateway/context-api/model-families.js';
import type { GatewayDataSource } from '../gateway/data-source.js';
import type { Model } from './types.js';

export async function listModels(gateway: GatewayDataSource): Promise<Model[]> {
  const models = await gateway.models();
  return models.map((model) => ({ ...model, supportsContextCache: supportsContextCache(model.id) }));
}
