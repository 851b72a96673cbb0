// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IHooks} from "@uniswap/v4-core/src/interfaces/IHooks.sol";
import {IPoolManager} from "@uniswap/v4-core/src/interfaces/IPoolManager.sol";
import {IUnlockCallback} from "@uniswap/v4-core/src/interfaces/callback/IUnlockCallback.sol";
import {BalanceDelta} from "@uniswap/v4-core/src/types/BalanceDelta.sol";
import {Currency} from "@uniswap/v4-core/src/types/Currency.sol";
import {PoolKey} from "@uniswap/v4-core/src/types/PoolKey.sol";
import {ModifyLiquidityParams, SwapParams} from "@uniswap/v4-core/src/types/PoolOperation.sol";

/// The manager calls back whoever unlocks it: the least a contract can do in that. The tokens and
/// positions are its own.
contract V4Caller is IUnlockCallback {
    IPoolManager private immutable manager;
    address private immutable token0;
    address private immutable token1;
    uint24 private immutable fee;
    int24 private immutable spacing;

    constructor(IPoolManager manager_, address token0_, address token1_, uint24 fee_, int24 spacing_) {
        manager = manager_;
        token0 = token0_;
        token1 = token1_;
        fee = fee_;
        spacing = spacing_;
    }

    function initialize(uint160 price) external {
        manager.initialize(key(), price);
    }

    function addLiquidity(int24 lower, int24 upper, int256 liquidity) external {
        manager.unlock(abi.encode(lower, upper, liquidity));
    }

    function swap(bool zeroForOne, uint256 amountIn, uint160 limit) external {
        manager.unlock(abi.encode(zeroForOne, amountIn, limit, msg.sender));
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        if (data.length == 4 * 32) {
            (bool down, uint256 amountIn, uint160 limit, address to) =
                abi.decode(data, (bool, uint256, uint160, address));
            BalanceDelta moved = manager.swap(key(), SwapParams(down, -int256(amountIn), limit), "");
            pay(down ? token0 : token1, amountIn);
            int128 out = down ? moved.amount1() : moved.amount0();
            manager.take(Currency.wrap(down ? token1 : token0), to, uint128(out));
        } else {
            (int24 lower, int24 upper, int256 liquidity) = abi.decode(data, (int24, int24, int256));
            (BalanceDelta owed,) =
                manager.modifyLiquidity(key(), ModifyLiquidityParams(lower, upper, liquidity, 0), "");
            pay(token0, uint128(-owed.amount0()));
            pay(token1, uint128(-owed.amount1()));
        }
        return "";
    }

    function pay(address token, uint256 amount) private {
        manager.sync(Currency.wrap(token));
        IERC20(token).transfer(address(manager), amount);
        manager.settle();
    }

    function key() private view returns (PoolKey memory) {
        return PoolKey(Currency.wrap(token0), Currency.wrap(token1), fee, spacing, IHooks(address(0)));
    }
}
