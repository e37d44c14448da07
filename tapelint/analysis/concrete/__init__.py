"""A little TensorFlow on small tensors: what a program computes from the numbers written in it.

Values are computed forward as the program does, and gradients backward with TensorFlow's own
formulas (2.21), so that `inf * 0` becomes NaN exactly where it does there. A number that is not
known has a name: what is computed from the same names in the same way has the same name again, so
that `encode(a) - encode(a)` is zero whatever `encode` is.

`numbers` holds scalars, `arrays` what moves them about, `tensors` the operations with a
gradient, `operations` those of TensorFlow, Keras and NumPy, `evaluator` the way from the nodes of
a run to tensors, and `search` finds the operation that turns a gradient into NaN.
"""
