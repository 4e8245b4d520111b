import { Migration } from '@mikro-orm/migrations'

export class Migration20231211170100_bemi extends Migration {
  async up(): Promise<void> {
    this.addSql(`CREATE EXTENSION IF NOT EXISTS bemi`)
    this.addSql(`SELECT bemi.track_schema('"public"')`)
    this.addSql(`SELECT bemi.untrack(relation) FROM to_regclass('"public"."mikro_orm_migrations"') AS relation WHERE relation IS NOT NULL`)
    this.addSql(`SELECT bemi.start()`)
  }

  async down(): Promise<void> {
    this.addSql(`SELECT bemi.untrack_schema('"public"')`)
  }
}
