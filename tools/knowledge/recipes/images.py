"""Images, boxes and what is encoded of them."""

from __future__ import annotations

import tensorflow as tf

from tools.knowledge.samples import Shape, ints, tensor


def _bytes(n: int) -> tf.Tensor:
    return tf.cast(tensor((n, n, 3)) * 255, tf.uint8)


def _boxes(n: int) -> tf.Tensor:
    corner = tensor((n, 2)) / 3
    return tf.concat([corner, corner + 0.5], -1)


def _wide(shape: Shape, salt: int = 0) -> tf.Tensor:
    return tensor(shape, salt=salt)


_GIF = (
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,"
    b"\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)
_BMP = (
    b"BM:\x00\x00\x00\x00\x00\x00\x006\x00\x00\x00(\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00"
    b"\x01\x00\x18\x00\x00\x00\x00\x00\x04\x00\x00\x00" + b"\x00" * 16 + b"\x01\x02\x03\x00"
)

RECIPES = {
    "tf.image.crop_and_resize": [
        lambda n: {
            "image": _wide((2, 6, 6, n)),
            "boxes": _boxes(2),
            "box_indices": [0, 1],
            "crop_size": [3, 3],
        }
    ],
    "tf.image.decode_jpeg tf.image.decode_image tf.image.extract_jpeg_shape": [
        lambda n: {"contents": tf.io.encode_jpeg(_bytes(n))}
    ],
    "tf.image.decode_and_crop_jpeg": [
        lambda n: {"contents": tf.io.encode_jpeg(_bytes(n)), "crop_window": [0, 0, 2, 2]}
    ],
    "tf.image.decode_png": [lambda n: {"contents": tf.io.encode_png(_bytes(n))}],
    "tf.image.decode_gif": [lambda n: {"contents": tf.constant(_GIF)}],
    "tf.image.decode_bmp": [lambda n: {"contents": tf.constant(_BMP)}],
    "tf.image.encode_png": [lambda n: {"image": _bytes(n)}],
    "tf.image.random_jpeg_quality": [
        lambda n: {"image": _wide((n, n, 3)), "min_jpeg_quality": 50, "max_jpeg_quality": 90}
    ],
    "tf.image.stateless_random_jpeg_quality": [
        lambda n: {
            "image": _wide((n, n, 3)),
            "min_jpeg_quality": 50,
            "max_jpeg_quality": 90,
            "seed": [1, 2],
        }
    ],
    "tf.image.random_hue": [lambda n: {"image": _wide((n, n, 3)), "max_delta": 0.3}],
    "tf.image.stateless_random_hue": [
        lambda n: {"image": _wide((n, n, 3)), "max_delta": 0.3, "seed": [1, 2]}
    ],
    "tf.image.stateless_random_contrast tf.image.stateless_random_saturation": [
        lambda n: {"image": _wide((n, n, 3)), "lower": 0.5, "upper": 0.9, "seed": [1, 2]}
    ],
    "tf.image.draw_bounding_boxes": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "boxes": _boxes(2)[None],
            "colors": tensor((2, 3)),
        }
    ],
    "tf.image.extract_glimpse": [
        lambda n: {"input": _wide((1, n, n, 3)), "size": [2, 2], "offsets": tensor((1, 2))}
    ],
    "tf.image.extract_patches": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "sizes": [1, 2, 2, 1],
            "strides": [1, 1, 1, 1],
            "rates": [1, 1, 1, 1],
            "padding": "VALID",
        }
    ],
    "tf.extract_volume_patches": [
        lambda n: {
            "input": _wide((1, n, n, n, 1)),
            "ksizes": [1, 2, 2, 2, 1],
            "strides": [1, 1, 1, 1, 1],
            "padding": "VALID",
        }
    ],
    "tf.image.non_max_suppression tf.image.non_max_suppression_with_scores": [
        lambda n: {"boxes": _boxes(n), "scores": tensor((n,)), "max_output_size": 2}
    ],
    "tf.image.non_max_suppression_padded": [
        lambda n: {
            "boxes": _boxes(n),
            "scores": tensor((n,)),
            "max_output_size": 2,
            "pad_to_max_output_size": True,
        }
    ],
    "tf.image.non_max_suppression_overlaps": [
        lambda n: {"overlaps": _wide((n, n)), "scores": tensor((n,)), "max_output_size": 2}
    ],
    "tf.image.combined_non_max_suppression": [
        lambda n: {
            "boxes": tf.reshape(_boxes(n), (1, n, 1, 4)),
            "scores": tensor((1, n, 2)),
            "max_output_size_per_class": 2,
            "max_total_size": 3,
        }
    ],
    "tf.image.sample_distorted_bounding_box": [
        lambda n: {
            "image_size": [n, n, 3],
            "bounding_boxes": _boxes(n)[None],
            "min_object_covered": 0.1,
        }
    ],
    "tf.image.stateless_sample_distorted_bounding_box": [
        lambda n: {"image_size": [n, n, 3], "bounding_boxes": _boxes(n)[None], "seed": [1, 2]}
    ],
    "tf.image.ssim": [
        lambda n: {
            "img1": _wide((1, 12, 12, n)),
            "img2": _wide((1, 12, 12, n), 1),
            "max_val": 1.0,
        }
    ],
    "tf.image.ssim_multiscale": [
        lambda n: {
            "img1": _wide((1, 40, 40, n)),
            "img2": _wide((1, 40, 40, n), 1),
            "max_val": 1.0,
            "power_factors": (0.5, 0.5),
        }
    ],
    "keras.ops.image.ssim": [
        lambda n: {"image1": _wide((1, 12, 12, n)), "image2": _wide((1, 12, 12, n), 1)}
    ],
    "keras.ops.image.affine_transform": [
        lambda n: {"images": _wide((1, n, n, 3)), "transform": tensor((1, 8)) / 9}
    ],
    "keras.ops.image.perspective_transform": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "start_points": tf.constant([[[0.0, 0.0], [0.0, 2.0], [2.0, 0.0], [2.0, 2.0]]]),
            "end_points": tf.constant([[[0.0, 0.2], [0.0, 2.0], [2.0, 0.1], [1.8, 2.0]]]),
        }
    ],
    "keras.ops.image.scale_and_translate": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "output_shape": (1, 4, 4, 3),
            "scale": tensor((2,)) + 1,
            "translation": tensor((2,)),
            "spatial_dims": (1, 2),
            "method": "linear",
        }
    ],
    "keras.ops.image.crop_images": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "top_cropping": 1,
            "left_cropping": 1,
            "target_height": 2,
            "target_width": 2,
        }
    ],
    "keras.ops.image.pad_images": [
        lambda n: {
            "images": _wide((1, n, n, 3)),
            "top_padding": 1,
            "left_padding": 1,
            "target_height": n + 2,
            "target_width": n + 2,
        }
    ],
    "keras.utils.bounding_boxes.affine_transform": [
        lambda n: {
            "boxes": _boxes(n)[None],
            "angle": tensor((1,)),
            "translate_x": tensor((1,)),
            "translate_y": tensor((1,)),
            "scale": tensor((1,)) + 1,
            "shear_x": tensor((1,)),
            "shear_y": tensor((1,)),
            "height": 9,
            "width": 9,
        }
    ],
    "keras.utils.bounding_boxes.clip_to_image_size": [
        lambda n: {
            "bounding_boxes": {"boxes": _boxes(n)[None] * 9, "labels": ints((1, n))},
            "height": 9,
            "width": 9,
        }
    ],
    "keras.utils.bounding_boxes.compute_iou keras.utils.bounding_boxes.compute_ciou": [
        lambda n: {
            "boxes1": _boxes(n),
            "boxes2": _boxes(n) + 0.1,
            "bounding_box_format": "xyxy",
        }
    ],
    "keras.utils.bounding_boxes.convert_format": [
        lambda n: {"boxes": _boxes(n), "source": "xyxy", "target": "xywh"}
    ],
    "keras.utils.bounding_boxes.decode_deltas_to_boxes": [
        lambda n: {
            "anchors": _boxes(n),
            "boxes_delta": tensor((n, 4)),
            "anchor_format": "xyxy",
            "box_format": "xyxy",
        }
    ],
    "keras.utils.bounding_boxes.encode_box_to_deltas": [
        lambda n: {
            "anchors": _boxes(n),
            "boxes": _boxes(n) + 0.1,
            "anchor_format": "xyxy",
            "box_format": "xyxy",
        }
    ],
}
