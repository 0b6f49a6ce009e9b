package sparkflow.ps.store

/** The part of a variable that lies in one shard.
  *
  * @param variable its number in the layout
  * @param from within the shard, as is `until`
  */
final case class Piece(variable: Int, from: Int, until: Int)
