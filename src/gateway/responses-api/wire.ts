/** Request bodies in Ark's spelling (Volcengine 82379/1569618). */
export interface WireItem {
  role: 'system' | 'user' | 'assistant';
  content: string;
}

export interface WireResponseRequest {
  model: string;
  input: WireItem[];
  previous_response_id?: string | undefined;
  /** If omitted, the cache is read, but not written. */
  caching?: { type: 'enabled'; prefix?: true } | undefined;
  store: boolean;
  /** Unix seconds. */
  expire_at?: number | undefined;
  temperature?: number | undefined;
  top_p?: number | undefined;
  max_output_tokens?: number | undefined;
  stream?: true | undefined;
}
