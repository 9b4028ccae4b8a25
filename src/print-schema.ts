import 'reflect-metadata';
import { writeFileSync } from 'node:fs';
import { printSchema } from 'graphql';
import { createSchema } from './schema.js';

writeFileSync('schema/schema.graphql', `${printSchema(createSchema())}\n`);
