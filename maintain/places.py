"""The surroundings that recipes choose from: Blender's own environment maps.

Each stands with the factor that brings it to about the same brightness as the rest.
"""

SURROUNDINGS = {
    "city": 1.0,
    "courtyard": 1.0,
    "forest": 1.2,
    "interior": 0.8,
    "night": 2.4,
    "studio": 1.4,
    "sunrise": 1.0,
    "sunset": 1.2,
}
