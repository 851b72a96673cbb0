-- What a share of each vault is worth in its asset, whenever the vault changed: assets over shares.
-- needs: vaults
SELECT block_time, contract_name AS vault, asset_symbol AS asset, total_assets_scaled AS assets, total_supply_scaled AS shares,
       total_assets_scaled / nullif(total_supply_scaled, 0) AS share_price, block_number
FROM vaults
ORDER BY contract_name, block_number;
