// A timer of Node 20's own `fetch` throws where its connection was garbage-collected, and fails whatever test runs then.
import { FormData, fetch, Headers, Request, Response } from 'undici';

Object.assign(globalThis, { fetch, FormData, Headers, Request, Response });
