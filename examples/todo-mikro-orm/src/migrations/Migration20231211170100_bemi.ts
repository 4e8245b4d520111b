import { Migration } from '@mikro-orm/migrations'
import { bemiDownSql, bemiUpSql } from '@bemi/node'

export class Migration20231211170100_bemi extends Migration {
  override async up(): Promise<void> {
    this.addSql(bemiUpSql())
  }

  override async down(): Promise<void> {
    this.addSql(bemiDownSql())
  }
}
