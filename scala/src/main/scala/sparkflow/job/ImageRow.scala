package sparkflow.job

import org.apache.spark.ml.image.ImageSchema
import org.apache.spark.sql.catalyst.InternalRow
import org.apache.spark.sql.types.{DataType, StructType}

/** A row of Spark's image schema: its bytes are the channels of each pixel, by rows, as blue, green, red (and alpha). */
private[job] object ImageRow {
  private val fields = ImageSchema.columnSchema.map(field => field.name -> field.dataType)

  /** Whether the type is what `spark.read.format("image")` gives. */
  def is(dataType: DataType): Boolean = dataType match {
    case struct: StructType => struct.map(field => field.name -> field.dataType) == fields
    case _                  => false
  }

  /** The bytes of the image, of shape [height, width, nChannels]; null if it has none. */
  def bytes(image: InternalRow, shape: RowShape): Array[Byte] = {
    val dims = Seq(1, 2, 3).map(image.getInt)
    val (mode, data) = (image.getInt(4), image.getBinary(5))
    if (data == null) null
    else {
      val words =
        s"an image of height ${dims(0)}, width ${dims(1)}, nChannels ${dims(2)}, mode $mode and ${data.length} bytes"
      if (dims.exists(_ <= 0))
        shape.raise(
          s"a row has $words, which Spark could not read: leave such rows out, with the reader's option dropInvalid"
        )
      if (dims.map(_.toLong).product != data.length)
        shape.raise(
          s"a row has $words: expected one byte for each channel of each pixel, ${dims.map(_.toLong).product} (OpenCV's modes of " +
            "8 bits)"
        )
      shape.check(dims)
      data
    }
  }
}
