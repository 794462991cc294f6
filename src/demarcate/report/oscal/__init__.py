"""OSCAL 1.2.1 (https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/): results, plans of action, components, plans."""
