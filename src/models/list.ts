import type { GatewayDataSource } from '../gateway/data-source.js';
import { supportsContextCache } from '../gateway/model-families.js';
import type { Model } from './types.js';

export async function listModels(gateway: GatewayDataSource): Promise<Model[]> {
  const models = await gateway.models();
  return models.map((model) => ({ ...model, supportsContextCache: supportsContextCache(model.id) }));
}
