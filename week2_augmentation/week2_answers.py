"""Right and wrong answers to week 2's tasks, which its checks are tested with."""

from utils import quiet  # noqa: F401

# isort: split
import keras
import numpy as np
import tensorflow as tf

from utils.checks.answers import right, wrong

layers = keras.layers


# ---------------------------------------------------------------- recipes


@right("recipes")
def letters():
    return "C", "B"


@right("recipes")
def small_letters_with_space():
    return " c", "b "


@right("recipes")
def an_array_of_letters():
    return np.array(["C", "B"])


@wrong("recipes", "no-flip-harms")
def no_recipe_breaks_a_label():
    """Every flip keeps the label."""
    return None, "B"


@wrong("recipes", "wild-breaks")
def upside_down_is_another_hand():
    """What looks wrong has a wrong label."""
    return "B", "C"


@wrong("recipes", "shift-breaks")
def a_shift_breaks_the_label():
    return "A", "B"


@wrong("recipes", "light-breaks")
def light_breaks_the_label():
    return "D", "B"


@wrong("recipes", "broken-is-rare")
def mirrored_hands_are_rare():
    return "C", "C"


@right("recipes")
def letters_in_one_word():
    return "CB"


@right("recipes")
def letters_in_one_text():
    return "c, b"


@wrong("recipes", "light-is-rare")
def dark_pictures_are_rare():
    return "C", "D"


@wrong("recipes", "nearer-is-rare")
def shifted_pictures_are_rare():
    """All hands stand in the middle."""
    return "C", "A"


@wrong("recipes", "all-in-place")
def nothing_is_out_of_place():
    """Whatever keeps the label is useful."""
    return "C", None


@wrong("recipes", "one-letter")
def one_letter():
    """One recipe is to blame for everything."""
    return "C"


@wrong("recipes", "not-two")
def letters_in_a_dict():
    return {"breaks": "C", "hardly occurs": "B"}


@wrong("recipes", "no-letter")
def two_at_once():
    return "B and C", "B"


# ---------------------------------------------------------------- augmentation


def _recipe(*more):
    turn = layers.RandomRotation(0.08, fill_mode="nearest")
    shift = layers.RandomTranslation(0.1, 0.1, fill_mode="nearest")
    return keras.Sequential([turn, shift, *more])


@right("augmentation")
def sequential_of_layers():
    return _recipe(layers.RandomZoom(0.15, fill_mode="nearest"))


@right("augmentation")
def a_single_layer():
    return layers.RandomTranslation(0.12, 0.12, fill_mode="constant")


@right("augmentation")
def light_only():
    return keras.Sequential([layers.RandomBrightness(0.2), layers.RandomContrast(0.3)])


@right("augmentation")
def a_function_with_training():
    """As a function in plain TensorFlow."""

    def shift(images, training=False):
        if not training:
            return images
        padded = tf.pad(images, [[0, 0], [2, 2], [2, 2], [0, 0]], "SYMMETRIC")
        return tf.map_fn(lambda one: tf.image.random_crop(one, (28, 28, 1)), padded)

    return shift


@right("augmentation")
class OwnLayer(keras.layers.Layer):
    """As a layer of one's own: two flips in a row are a half turn, but rarely; here a shift."""

    def __init__(self):
        super().__init__()
        self.shift = layers.RandomTranslation(0.1, 0.1, fill_mode="reflect")

    def call(self, images, training=False):
        return self.shift(images, training=training)


@wrong("augmentation", "mirrors")
def flipped_as_cats_are():
    """Every flip keeps the label."""
    return _recipe(layers.RandomFlip("horizontal"))


@wrong("augmentation", "mirrors")
def flipped_top_to_bottom():
    return keras.Sequential([layers.RandomFlip("vertical")])


@wrong("augmentation", "more-pictures")
def originals_and_variants():
    """The generator gives the originals plus variants."""
    recipe = _recipe()
    return lambda images, training: tf.concat([images, recipe(images, training=training)], 0)


@wrong("augmentation", "changes-in-use")
def for_validation_too():
    """Augment validation too."""
    recipe = _recipe()
    return lambda images, training: recipe(images, training=True)


@wrong("augmentation", "no-change")
def never_in_training():
    """A no-op: the mode is not passed on."""
    recipe = _recipe()
    return lambda images, training: recipe(images, training=False)


@wrong("augmentation", "rescaled")
def rescaled_in_the_recipe():
    """Rescaling belongs everywhere."""
    return _recipe(layers.Rescaling(1 / 255))


@wrong("augmentation", "rescaled")
def brightness_for_0_to_1():
    return _recipe(layers.RandomBrightness(0.2, value_range=(0, 1)))


@wrong("augmentation", "out-of-range")
def noise_without_limit():
    def noise(images, training=False):
        return images + 60 * tf.random.normal(tf.shape(images)) if training else images

    return noise


@wrong("augmentation", "same-each-call")
def variants_made_once():
    """As if a list of variants had been made once and for all."""

    def shift(images, training=False):
        if not training:
            return images
        draw = np.random.default_rng(1)
        rolled = [np.roll(one, draw.integers(-2, 3, 2), (0, 1)) for one in np.asarray(images)]
        return np.stack(rolled)

    return shift


@wrong("augmentation", "same-for-batch")
def one_shift_for_the_batch():
    def shift(images, training=False):
        if not training:
            return images
        return tf.roll(images, tf.random.uniform((2,), 1, 4, tf.int32), (1, 2))

    return shift


@wrong("augmentation", "turned-too-far")
def any_turn_at_all():
    return keras.Sequential([layers.RandomRotation(0.5, fill_mode="nearest")])


@wrong("augmentation", "hand-gone")
def shifted_out_of_the_frame():
    return keras.Sequential([layers.RandomTranslation(0.9, 0.9, fill_mode="nearest")])


@wrong("augmentation", "hand-gone")
def shifted_by_half_a_picture():
    """The more variety the better. What leaves on one side is reflected on the other."""
    return keras.Sequential([layers.RandomTranslation(0.6, 0.6)])


@wrong("augmentation", "upside-down")
def flipped_both_ways():
    """Two mirrors undo each other: Keras flips in both directions at once."""
    return keras.Sequential([layers.RandomFlip("horizontal_and_vertical")])


@wrong("augmentation", "washed-out")
def any_light_at_all():
    """Light may change at will."""
    return keras.Sequential([layers.RandomBrightness(0.9)])


@wrong("augmentation", "too-weak")
def a_quarter_of_a_pixel():
    """A recipe works by being there."""
    return keras.Sequential([layers.RandomTranslation(0.01, 0.01)])


@wrong("augmentation", "strength-refused")
def turned_by_30_degrees():
    """Strengths are degrees."""
    return keras.Sequential([layers.RandomRotation(30)])


@wrong("augmentation", "mirrors")
def flipped_and_changed_in_every_other_way():
    return _recipe(layers.RandomFlip("horizontal"), layers.RandomZoom(0.15))


@right("augmentation")
def as_little_as_does_something():
    return keras.Sequential([layers.RandomRotation(0.02, fill_mode="nearest")])


@wrong("augmentation", "not-callable")
def a_list_of_layers():
    return [layers.RandomRotation(0.08), layers.RandomZoom(0.1)]


@wrong("augmentation", "no-training-argument")
def a_function_of_images_alone():
    recipe = _recipe()
    return lambda images: recipe(images, training=True)


@wrong("augmentation", "returns-nothing")
def forgets_return():
    _recipe()


# ---------------------------------------------------------------- network


def _sigmoid():
    return layers.Dense(1, activation="sigmoid")


class AlwaysOn(keras.layers.Layer):
    """A layer that is in training for ever."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def call(self, inputs):
        return self.layer(inputs, training=True)


def _network(*, first=(), drop=0.4, last=None):
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *first,
            layers.Rescaling(1 / 127.5, -1),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            layers.Dropout(drop),
            layers.Dense(16, activation="relu"),
            last or _sigmoid(),
        ]
    )


@right("network")
def plain_sequential():
    return _network()


@right("network")
def sequential_with_recipe_inside():
    return _network(first=[_recipe()])


@right("network")
def functional_with_batchnorm():
    inputs = keras.Input((28, 28, 1))
    x = layers.Rescaling(1 / 255)(inputs)
    x = layers.Conv2D(8, 3)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.SpatialDropout2D(0.2)(x)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Activation("sigmoid")(layers.Dense(1)(x)))


class OwnNetwork(keras.Model):
    def __init__(self, recipe=None):
        super().__init__()
        self.recipe = recipe
        self.convolution = layers.Conv2D(8, 3, activation="relu")
        self.pool = layers.MaxPooling2D(4)
        self.flat = layers.Flatten()
        self.dropout = layers.Dropout(0.3)
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, images, training=False):
        if self.recipe is not None:
            images = self.recipe(images, training=training)
        maps = self.pool(self.convolution(images / 255))
        return self.last(self.dropout(self.flat(maps), training=training))


@right("network")
def a_class_of_ones_own():
    return OwnNetwork()


@wrong("network", "no-dropout")
def without_dropout():
    return _network(drop=0.0)


@wrong("network", "rate-refused")
def twenty_per_cent_as_20():
    """Dropoutmeans 20 %."""
    return _network(drop=20)


@wrong("network", "rate-too-high")
def the_share_that_is_kept():
    return _network(drop=0.95)


@wrong("network", "changes-in-use")
def dropout_always_on():
    return _network(last=keras.Sequential([AlwaysOn(layers.Dropout(0.5)), _sigmoid()]))


@wrong("network", "softmax-of-one")
def softmax_with_one_unit():
    return _network(last=layers.Dense(1, activation="softmax"))


@wrong("network", "no-probability")
def logits_without_activation():
    return _network(last=layers.Dense(1))


@wrong("network", "two-outputs")
def one_output_for_each_class():
    return _network(last=layers.Dense(2, activation="softmax"))


@wrong("network", "wrong-output-shape")
def not_flattened():
    inputs = keras.Input((28, 28, 1))
    x = layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(inputs))
    x = layers.Dropout(0.3)(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


@wrong("network", "answers-dropped")
def dropout_after_the_last_layer():
    network = _network()
    network.add(layers.Dropout(0.5))
    return network


@wrong("network", "too-large")
def a_dense_layer_of_any_size():
    inputs = keras.Input((28, 28, 1))
    x = layers.Dense(2_000_000)(layers.Flatten()(inputs))
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(layers.Dropout(0.3)(x)))


def _between(*first, drop=None):
    """A network that begins with those layers, rescaling or not."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            *first,
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Flatten(),
            drop or layers.Dropout(0.4),
            _sigmoid(),
        ]
    )


@right("network")
def normalized_by_its_first_layer():
    return _between(layers.BatchNormalization())


@wrong("network", "nothing-left")
def filters_of_the_lecture():
    """Layers made for 150 pixels fit 28 as well."""
    network = keras.Sequential([keras.Input((28, 28, 1)), layers.Rescaling(1 / 255)])
    for filters in (16, 32, 64, 64):
        network.add(layers.Conv2D(filters, 3, activation="relu"))
        network.add(layers.MaxPooling2D())
    for layer in (layers.Flatten(), layers.Dropout(0.5), _sigmoid()):
        network.add(layer)
    return network


@wrong("network", "not-rescaled")
def raw_pixels_to_the_convolution():
    """A network copes with any range."""
    return _between()


@wrong("network", "rescaled-twice")
def rescaled_twice_in_the_network():
    """Once more does no harm."""
    return _between(layers.Rescaling(1 / 255), layers.Rescaling(1 / 255))


@wrong("network", "multiplied")
def rescaling_as_a_divisor():
    """Rescaling(255) divides."""
    return _between(layers.Rescaling(255))


@wrong("network", "noise-not-dropout")
def noise_instead_of_dropout():
    """Whatever disturbs is dropout."""
    return _between(layers.Rescaling(1 / 255), drop=layers.GaussianNoise(0.3))


@wrong("network", "no-dropout")
def brightness_in_place_of_dropout():
    """Augmentation is dropout enough."""
    light = layers.RandomBrightness(0.2)
    return _between(light, layers.Rescaling(1 / 255), drop=layers.Dropout(0.0))


@wrong("network", "other-input")
def three_channels():
    """Every picture has three channels."""
    return keras.Sequential(
        [
            keras.Input((28, 28, 3)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dropout(0.4),
            _sigmoid(),
        ]
    )


@wrong("network", "not-a-network")
def a_list_instead_of_a_network():
    return [layers.Flatten(), layers.Dropout(0.3), layers.Dense(1, activation="sigmoid")]


# ---------------------------------------------------------------- place


def _batches(pair, size=16):
    return tf.data.Dataset.from_tensor_slices(pair).batch(size)


def _shuffled(pair):
    return tf.data.Dataset.from_tensor_slices(pair).shuffle(len(pair[1])).batch(16)


def _mapped(data):
    recipe = _recipe()
    return data.map(lambda images, labels: (recipe(images, training=True), labels))


def _network_with_recipe():
    return _network(first=[_recipe()])


@right("place")
def inside_the_network(train, new):
    return _shuffled(train), _batches(new), _network_with_recipe()


@right("place")
def in_the_pipeline(train, new):
    return _mapped(_shuffled(train)), _batches(new), _network()


@right("place")
def inside_a_class_of_ones_own(train, new):
    return _shuffled(train), _batches(new), OwnNetwork(_recipe())


@right("place")
def picture_by_picture_before_batching(train, new):
    recipe = _recipe()
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(100)
    data = data.map(lambda image, label: (recipe(image[None], training=True)[0], label))
    return data.batch(10).prefetch(1), _batches(new, 7), _network()


@right("place")
def functional_with_batchnorm_and_recipe(train, new):
    inputs = keras.Input((28, 28, 1))
    x = layers.RandomTranslation(0.1, 0.1)(inputs)
    x = layers.BatchNormalization()(layers.Conv2D(4, 3)(layers.Rescaling(1 / 255)(x)))
    x = layers.Dropout(0.3)(layers.GlobalMaxPooling2D()(x))
    network = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    data = tf.data.Dataset.from_tensor_slices(train).cache().shuffle(99).batch(16)
    return data, _batches(new).cache(), network


@wrong("place", "new-pictures-changed")
def new_pictures_augmented(train, new):
    """Validation should be augmented, too."""
    return _mapped(_shuffled(train)), _mapped(_batches(new)), _network()


@wrong("place", "changes-in-use")
def recipe_always_on_in_the_network(train, new):
    """Validation should be augmented, too."""
    return _shuffled(train), _batches(new), _network(first=[AlwaysOn(_recipe())])


@wrong("place", "more-pictures")
def originals_and_variants_in_an_epoch(train, new):
    """Augmentation multiplies the pictures of an epoch."""
    data = _shuffled(train).concatenate(_mapped(_shuffled(train)))
    return data, _batches(new), _network()


@wrong("place", "never-changed")
def recipe_forgotten(train, new):
    return _shuffled(train), _batches(new), _network()


@wrong("place", "never-changed")
def mapped_without_training(train, new):
    """A layer in a map knows that it is in training."""
    recipe = _recipe()
    data = _shuffled(train).map(lambda images, labels: (recipe(images, training=False), labels))
    return data, _batches(new), _network()


@wrong("place", "changed-twice")
def in_both_places(train, new):
    return _mapped(_shuffled(train)), _batches(new), _network_with_recipe()


@wrong("place", "augmented-once")
def cached_after_the_map(train, new):
    """A variant of each picture is enough."""
    data = _mapped(_batches(train)).unbatch().cache().shuffle(100).batch(16)
    return data, _batches(new), _network()


@wrong("place", "labels-mixed-up")
def images_and_labels_shuffled_apart(train, new):
    """Shuffled, images and labels still line up."""
    images, labels = (tf.data.Dataset.from_tensor_slices(part).shuffle(100) for part in train)
    return tf.data.Dataset.zip((images, labels)).batch(16), _batches(new), _network_with_recipe()


@wrong("place", "rescaled")
def rescaled_in_the_pipeline_too(train, new):
    sets = _shuffled(train), _batches(new)
    sets = [data.map(lambda images, labels: (images / 255, labels)) for data in sets]
    return *sets, _network_with_recipe()


@wrong("place", "same-order")
def never_shuffled(train, new):
    return _batches(train), _batches(new), _network_with_recipe()


@wrong("place", "same-order")
def shuffled_once(train, new):
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(100, reshuffle_each_iteration=False)
    return data.batch(16), _batches(new), _network_with_recipe()


@wrong("place", "batches-shuffled")
def shuffled_after_batching(train, new):
    """Shuffling batches shuffles pictures."""
    return _batches(train, 32).shuffle(1000), _batches(new), _network_with_recipe()


@wrong("place", "augmented-once")
def cached_at_the_end(train, new):
    """One variant of each picture is enough."""
    return _mapped(_shuffled(train)).cache(), _batches(new), _network()


@wrong("place", "sides-swapped")
def new_pictures_first(train, new):
    """The order of data sets does not matter."""
    return _shuffled(new), _batches(train), _network_with_recipe()


@wrong("place", "sides-mixed")
def learns_from_new_pictures_too(train, new):
    """More pictures are better."""
    data = _shuffled(train).unbatch().concatenate(_shuffled(new).unbatch())
    return data.shuffle(100).batch(16), _batches(new), _network_with_recipe()


@wrong("place", "other-pictures")
def arrays_of_another_cell(train, new):
    """A function may take its pictures from anywhere."""
    elsewhere = np.zeros((313, 28, 28, 1), "float32"), np.zeros(313, "int32")
    return _shuffled(elsewhere), _batches(new), _network_with_recipe()


@wrong("place", "other-order")
def network_first(train, new):
    return _network_with_recipe(), _shuffled(train), _batches(new)


@wrong("place", "made-in-the-map")
def recipe_made_in_the_map(train, new):
    """What stands in a lambda happens once."""
    data = _shuffled(train).map(lambda images, labels: (_recipe()(images, training=True), labels))
    return data, _batches(new), _network()


@wrong("place", "not-rescaled")
def a_weak_recipe_before_raw_pixels(train, new):
    recipe = layers.RandomTranslation(0.02, 0.02)
    return _shuffled(train), _batches(new), _between(recipe)


@wrong("place", "endless")
def repeated_for_more_pictures(train, new):
    return _shuffled(train).repeat(), _batches(new), _network_with_recipe()


@wrong("place", "no-batches")
def pictures_one_by_one(train, new):
    sets = [tf.data.Dataset.from_tensor_slices(pair) for pair in (train, new)]
    return *sets, _network_with_recipe()


@wrong("place", "fewer-pictures")
def last_batch_dropped(train, new):
    data = tf.data.Dataset.from_tensor_slices(train).shuffle(100)
    return data.batch(32, drop_remainder=True), _batches(new), _network_with_recipe()


@wrong("place", "no-dataset")
def arrays_handed_back(train, new):
    return train, new, _network_with_recipe()


@wrong("place", "not-three")
def only_data(train, new):
    return _mapped(_shuffled(train)), _batches(new)


# ---------------------------------------------------------------- gap


@right("gap")
def by_evaluate(model, train, new):
    return 100 * (model.evaluate(*train, verbose=0)[1] - model.evaluate(*new, verbose=0)[1])


@right("gap")
def by_predict(model, train, new):
    right_shares = []
    for images, labels in (train, new):
        given = model.predict(images, verbose=0).ravel()
        right_shares.append(np.mean((given > 0.5) == labels))
    return (right_shares[0] - right_shares[1]) * 100


@right("gap")
def by_call_and_metric(model, train, new):
    """As a tensor."""
    shares = []
    for images, labels in (train, new):
        metric = keras.metrics.BinaryAccuracy()
        metric.update_state(labels[:, None], model(images))
        shares.append(metric.result())
    return 100 * (shares[0] - shares[1])


@wrong("gap", "share-not-points")
def as_a_share(model, train, new):
    return by_evaluate(model, train, new) / 100


@wrong("gap", "wrong-way-round")
def validation_minus_training(model, train, new):
    return by_evaluate(model, new, train)


@wrong("gap", "loss-not-accuracy")
def of_the_losses(model, train, new):
    """A loss of 0.88 is 88 % accuracy."""
    return 100 * (model.evaluate(*new, verbose=0)[0] - model.evaluate(*train, verbose=0)[0])


@wrong("gap", "dropout-while-measuring")
def while_units_are_left_out(model, train, new):
    """A network answers in training as it does in use."""
    shares = [np.mean((model(x, training=True)[:, 0] > 0.5) == y) for x, y in (train, new)]
    return 100 * (shares[0] - shares[1])


@wrong("gap", "trains")
def from_a_history(model, train, new):
    """The history's training accuracy is that of the network as it is."""
    history = model.fit(*train, validation_data=new, epochs=1, verbose=0).history
    return 100 * (history["accuracy"][-1] - history["val_accuracy"][-1])


@wrong("gap", "from-the-history")
def from_the_history_that_is_there(model, train, new):
    """The history's training accuracy is that of the network in use."""
    history = model.history.history
    return 100 * (history["accuracy"][-1] - history["val_accuracy"][-1])


@wrong("gap", "labels-not-given")
def pairs_not_taken_apart(model, train, new):
    """A pair is taken apart by itself."""
    return 100 * (model.evaluate(train, verbose=0)[1] - model.evaluate(new, verbose=0)[1])


@wrong("gap", "no-sign")
def without_a_sign(model, train, new):
    """A gap has no sign."""
    return abs(by_evaluate(model, train, new))


@wrong("gap", "argmax-of-one-column")
def by_argmax(model, train, new):
    shares = [np.mean(model.predict(x, verbose=0).argmax(axis=1) == y) for x, y in (train, new)]
    return 100 * (shares[0] - shares[1])


@wrong("gap", "shapes-crossed")
def compared_all_with_all(model, train, new):
    shares = [np.mean((model.predict(x, verbose=0) > 0.5) == y) for x, y in (train, new)]
    return 100 * (shares[0] - shares[1])


@wrong("gap", "one-accuracy")
def only_validation(model, train, new):
    return 100 * model.evaluate(*new, verbose=0)[1]


@wrong("gap", "other-number")
def a_ratio(model, train, new):
    return model.evaluate(*train, verbose=0)[1] / model.evaluate(*new, verbose=0)[1]


@wrong("gap", "returns-nothing")
def printed_only(model, train, new):
    print(by_evaluate(model, train, new))


# ---------------------------------------------------------------- bar


def _pair(count, seed):
    """Made-up (images, labels), as many of each label."""
    draw = np.random.default_rng(seed)
    images = draw.uniform(0, 255, (count, 28, 28, 1)).astype("float32")
    labels = (np.arange(count) % 2).astype("int32")
    return images, labels


def _looks_at_the_first_pixel():
    """A network that answers 1 where the first pixel is bright."""
    network = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Rescaling(1 / 255),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    kernel = np.zeros((784, 1), "float32")
    kernel[0] = 6
    network.layers[-1].set_weights([kernel, np.array([-3], "float32")])
    return network


def _with_dropout(network):
    return keras.Sequential([network, layers.Dropout(0.0)])


def _case(train_right, new_right):
    """A network with such accuracies, and the pictures on which it has them."""
    pairs = []
    for seed, share in enumerate((train_right, new_right)):
        images, labels = _pair(200, seed)
        given = np.where(np.arange(200) // 2 < round(100 * share), labels, 1 - labels)
        images[:, 0, 0, 0] = 255 * given
        pairs.append((images, labels))
    return _looks_at_the_first_pixel(), *pairs


@right("bar")
def small_gap_and_often_right():
    return _case(0.90, 0.84)


@right("bar")
def better_on_new_pictures():
    return _case(0.85, 0.88)


@wrong("bar", "gap-too-wide")
def learnt_by_heart():
    """Having dropout is enough, whatever its rate."""
    network, *sides = _case(1.0, 0.85)
    return _with_dropout(network), *sides


@wrong("bar", "no-remedy")
def the_network_to_beat():
    """A smaller gap comes with training alone."""
    return _case(1.0, 0.85)


@wrong("bar", "sides-swapped")
def new_side_first():
    """The order of the sides does not matter."""
    network, train, (images, labels) = _case(0.9, 0.84)
    return network, train, (images[:150], labels[:150])


@wrong("bar", "knows-nothing")
def never_trained():
    """No gap, so it is good."""
    return _case(0.50, 0.50)


@wrong("bar", "knows-nothing")
def mirrored_in_training():
    """A flip: half of the labels were wrong."""
    return _case(0.62, 0.51)


@wrong("bar", "upside-down")
def labels_the_wrong_way_round():
    return _case(0.12, 0.15)


@wrong("bar", "too-few-right")
def stopped_too_early():
    """The narrower the gap the better."""
    return _case(0.72, 0.70)


@wrong("bar", "shared-pictures")
def validated_on_training_pictures():
    network, train, _ = _case(0.9, 0.9)
    return network, train, train


@wrong("bar", "negative-gap")
def training_labels_spoilt():
    return _case(0.6, 0.85)


@wrong("bar", "no-probability")
def loss_became_not_a_number():
    network, train, new = _case(0.9, 0.9)
    network.layers[-1].bias.assign([np.nan])
    return network, train, new
