import * as core from '@mikro-orm/core'
import * as postgresql from '@mikro-orm/postgresql'
import { suite } from '../suite.js'

suite(core, postgresql)
