import { Redis } from 'ioredis';
import Database from 'libsql';

const LEASE_KEYS = ['t:*', 'v:lease:*'];

/** Lets every lease in this store expire, as if its holders had not renewed it for too long. */
export async function expireLeases(storeUrl: string): Promise<void> {
  if (storeUrl.startsWith('sqlite:')) expireInFile(storeUrl.slice('sqlite:'.length));
  else await expireInRedis(storeUrl);
}

function expireInFile(path: string): void {
  const file = new Database(path);
  file.exec('PRAGMA busy_timeout = 5000; UPDATE leases SET gone_at = 0');
  file.close();
}

async function expireInRedis(url: string): Promise<void> {
  const redis = new Redis(url);
  for (const pattern of LEASE_KEYS) {
    for (const key of await redis.keys(`*${pattern}`)) await redis.pexpire(key, 1);
  }
  await redis.quit();
}
