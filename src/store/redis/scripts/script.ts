/** For ioredis’ `scripts`. */
export interface Script {
  /** Left out: the first argument. */
  numberOfKeys?: number;
  lua: string;
}
