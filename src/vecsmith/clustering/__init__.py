"""Groups of texts that are near each other, each named by its own words."""

from vecsmith.clustering.clusters import Cluster, Clusters, Method
from vecsmith.clustering.collection import Collection
from vecsmith.clustering.making import cluster, clustered
from vecsmith.clustering.parting import Wish, checked, enough

__all__ = ["Cluster", "Clusters", "Collection", "Method", "Wish", "checked", "cluster", "clustered", "enough"]
