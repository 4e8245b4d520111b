#!/usr/bin/env node
import { run } from '../server/cli.js'

await run(process.argv.slice(2))
